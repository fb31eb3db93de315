"""The Lambda functions: one folder per function, `uploads` for their shared code, the SAM template and the build."""
