"""Images: upload forms, files, renditions and the Lambda functions' verdicts."""
