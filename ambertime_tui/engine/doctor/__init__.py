"""The checks of `ambertime doctor`, and the process they run in."""
