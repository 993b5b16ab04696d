"""Wheels from what is not one yet: source distributions, checkouts, folders."""
