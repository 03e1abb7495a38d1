"""The rehearsal: the image, or the checkout, run as the platform runs it, behind the runtime API."""
