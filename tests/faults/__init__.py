"""What becomes of a call when its vendor fails: asked of every fault there is, and written down in
`docs/reference/faults.md`."""
