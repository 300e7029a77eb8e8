"""Connecting a PSA: what is asked, the proof, what is kept, and the screen that leads through it."""
