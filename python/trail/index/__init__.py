"""Indexes: pages, choice of files, downloads; the only user of httpx."""
