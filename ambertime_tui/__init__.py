"""AmberTime: an archive of the originals of an iPhone's Photo Library, on a drive you own."""

__version__ = "0.1.0"
