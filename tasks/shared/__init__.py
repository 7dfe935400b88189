"""What every task needs: errors, environment, clients, observability, the shape of a Lambda handler."""
