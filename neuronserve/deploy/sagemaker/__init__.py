"""SageMaker: endpoints of any kind, batch transform, the Marketplace, and a rehearsal of all of it."""
