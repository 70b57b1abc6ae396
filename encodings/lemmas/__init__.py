"""The lemmas behind the statements, one SMT-LIB file each, and the wrong variants that stand beside them."""
