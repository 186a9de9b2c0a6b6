"""What buckets come to: their sums added, and figures made of them."""
