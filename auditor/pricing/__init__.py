"""What a circuit costs on a machine: time, memory and disk of every step of a proof, as ranges."""
