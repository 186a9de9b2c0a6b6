"""What is counted (`sums`) of what (`subjects`), over which time (`windows`), and the views that are made of it."""
