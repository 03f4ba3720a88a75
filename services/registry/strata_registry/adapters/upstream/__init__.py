"""An HTTP client of OCI registries: authentication, redirects, mirrors, retries, pull and push."""
