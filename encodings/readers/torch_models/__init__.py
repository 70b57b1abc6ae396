"""PyTorch modules as networks. `torch` is imported when a module is read."""

from suffice.encodings.readers.torch_models.calls import Call as Call
from suffice.encodings.readers.torch_models.calls import Known as Known
from suffice.encodings.readers.torch_models.calls import Rule as Rule
from suffice.encodings.readers.torch_models.calls import register as register
from suffice.encodings.readers.torch_models.reading import read_module as read_module
