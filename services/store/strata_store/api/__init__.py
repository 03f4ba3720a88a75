"""The store's gRPC servicers: they translate and decide nothing."""
