from demo.surroundings import clean_environment


def test_nothing_leads_to_another_registry_or_through_a_proxy() -> None:
    kept = {"PATH": "/bin", "HOME": "/root", "RUSTUP_HOME": "/opt/rustup"}
    dropped = {
        "DATABASE_URL": "postgres://production/waybill",
        "STORAGE_URL": "s3://production",
        "REDIS_URL": "redis://production",
        "PORT": "80",
        "AUTH_REQUIRED": "1",
        "CARGO_HOME": "/somewhere/.cargo",
        "DJANGO_SETTINGS_MODULE": "elsewhere.settings",
        "GIT_DIR": "/srv/other",
        "http_proxy": "http://proxy:3128",
    }

    assert clean_environment({**kept, **dropped}) == {**kept, "RUSTUP_AUTO_INSTALL": "0"}
