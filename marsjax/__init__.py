"""marsjax: interactive order-level market simulation in JAX."""
