"""An execution as a page or a report shows it, read through the AWS API: of an account, or of the local engine."""
