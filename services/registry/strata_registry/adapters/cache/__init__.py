"""The cache on disk: verified blobs, blobs on their way, and what is known of tags and manifests."""
