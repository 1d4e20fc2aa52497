"""Formats of order-level files, each read into the canonical stream."""
