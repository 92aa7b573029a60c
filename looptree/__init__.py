"""Fused-layer dataflows with recomputation."""
