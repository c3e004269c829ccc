"""The API of prompts: views, what they take and answer, and what the schema says of them."""
