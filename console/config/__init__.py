"""The site config: TOML to typed settings. An error names file and key, and the nearest known key."""
