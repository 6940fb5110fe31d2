"""What already runs on this host, found without changing anything, and a site config written from it."""
