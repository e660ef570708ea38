"""Kubernetes operator that keeps Twilio Voice recordings where a RecordingStorage resource says they shall live."""

__version__ = "0.1.0"
