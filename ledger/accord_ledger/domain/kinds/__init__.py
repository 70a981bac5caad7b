"""One file per family of transactions; every module here is found and its kinds registered."""
