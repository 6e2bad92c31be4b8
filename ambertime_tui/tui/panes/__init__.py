"""What a part of a screen says: pure functions from a status to lines, and the small widgets that show
them."""
