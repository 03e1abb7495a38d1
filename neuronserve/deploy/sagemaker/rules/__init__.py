"""What is wrong with a request to SageMaker beyond its shape: documented rules, and Neuron sense."""
