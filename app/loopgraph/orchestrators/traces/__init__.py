"""Reading, finding and comparing traces."""
