"""The Lambda functions: one folder each, the template that deploys them, the build of their zip."""
