"""Ways of thinking while the user still speaks: one small file each, behind the port in ``strategy``."""
