from demo.registry_server import reserve_port


def test_two_demos_do_not_choose_the_same_port() -> None:
    with reserve_port() as first, reserve_port() as second:
        assert first.getsockname()[1] != second.getsockname()[1]
