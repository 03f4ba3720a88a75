"""Archives of images: OCI layouts that are docker archives as well."""
