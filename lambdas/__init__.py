"""The Lambda functions: a folder each and `uploads` for what they share, the template, the build of their zip."""
