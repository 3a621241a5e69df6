def check_server_args(server_args):
    cfg = resolving_view(server_args)
    assert cfg.page_size is None or cfg.page_size >= 1, "page_size"
