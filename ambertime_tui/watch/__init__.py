"""A front end without a person: runs saved tasks when their phone and drive are connected."""
