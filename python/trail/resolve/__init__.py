"""From requirements to the versions that fit together, on every target; no network, no files."""
