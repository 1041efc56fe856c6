"""Planning: the run args with which a circuit costs least and is still accurate enough."""
