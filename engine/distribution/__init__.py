"""Rule packs on their way to a user: archives, signatures, installed versions, locks."""
