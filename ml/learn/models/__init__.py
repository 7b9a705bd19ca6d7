"""What can serve: simple rules, linear models, trees, and the bundle that carries one of them."""
