"""What AWS Marketplace asks of a model package, tried out with the image itself."""
