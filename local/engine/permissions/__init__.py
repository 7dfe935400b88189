"""Who may do what: every call is judged by the deployed policies of the role that makes it.

- `calls`: who calls, what a call needs, what came of it;
- `deployed`: the policies of a deployed template, by role and by resource;
- `evaluator`: IAM's evaluation logic, which is @cloud-copilot/iam-simulate's, not ours;
- `requests`, `needs`: which actions on which resources a request of a service's API needs;
- `gate`: stands before the services, judges requests and refuses what is denied;
- `permissions`: all of it, as the engine uses it.
"""
