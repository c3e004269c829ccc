"""What the API's schema says of the generation endpoints.

The dialects are what really decides; tests hold both together.
"""
