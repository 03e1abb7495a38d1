"""From what was asked for to CreateModel, CreateEndpointConfig and CreateEndpoint, as values."""
