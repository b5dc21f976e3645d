"""Buckets behind the same protocol as local folders: one `s3://bucket/prefix` is one storage."""
