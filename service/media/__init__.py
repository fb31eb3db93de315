"""Images: upload forms, files, renditions and the processing results of the Lambda functions."""
