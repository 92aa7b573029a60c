"""What becomes of each ATen operator."""
