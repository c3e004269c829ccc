"""The only writers of prompts: forms, API, imports and bulk actions all come through here."""
