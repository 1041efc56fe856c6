"""What a report says, before it is known where: each view turns the nouns of one command into a page for
people, lines for logs and a document for programs. How these look is the business of :mod:`auditor.formats`.
"""
