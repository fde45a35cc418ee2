"""The deterministic world: scripted users, fakes with declared costs, faults, invariants, exploration."""
