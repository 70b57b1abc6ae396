"""What single operations of a network do to intervals: ranges, slopes, changes carried forward, and adjoints pulled back.

Everything encloses the exact operations; what a machine rounds is added elsewhere.
"""
