"""Why a certificate says what it says: the minimal cores of its script, in sentences, and how far each member may be relaxed."""
