# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cloud controller manager is told, in all historical forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controllers.cloud.settings import Settings, SettingsError, read

PROJECT = "0b6a8c1e-4f6e-4a07-9a55-0f2d8f1b2c3d"
URL = "http://127.0.0.1:1"
GIVEN = {"apiKey": "secret-token", "projectID": PROJECT, "base-url": URL}


def of_file(folder: Path, content: object, **environment: str) -> Settings:
    file = folder / "cloud-sa.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read(file, environment, folder)


@pytest.mark.parametrize("key", ["projectID", "projectId", "projectid"])
def test_the_file_of_later_generations(tmp_path: Path, key: str) -> None:
    found = of_file(tmp_path, {"apiKey": "secret-token", key: PROJECT, "base-url": f"{URL}/", "eipTag": "t"})
    assert (found.connection.token, found.project, found.connection.url) == ("secret-token", PROJECT, URL)
    assert found.endpoint_tag == "t"
    assert found.api_server_port == 6443
    assert found.load_balancer


def test_a_secret_mounted_as_a_folder_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "cloud-sa.json").write_text(json.dumps(GIVEN))
    assert read(tmp_path, {}, tmp_path).project == PROJECT


def test_a_secret_of_the_first_generation(tmp_path: Path) -> None:
    (tmp_path / "apiKey").write_text("secret-token\n")
    (tmp_path / "projectID").write_text(PROJECT)
    found = read(tmp_path, {"PACKET_API_URL": URL}, tmp_path)
    assert (found.connection.token, found.project) == ("secret-token", PROJECT)


@pytest.mark.parametrize("variable", ["METAL_API_KEY", "PACKET_API_KEY", "PACKET_AUTH_TOKEN"])
def test_the_environment_wins_in_both_generations(tmp_path: Path, variable: str) -> None:
    assert of_file(tmp_path, GIVEN, **{variable: "other"}).connection.token == "other"


def test_the_later_generation_wins_over_the_older(tmp_path: Path) -> None:
    found = of_file(tmp_path, GIVEN, PACKET_API_KEY="older", METAL_API_KEY="later")
    assert found.connection.token == "later"


def test_without_a_file_the_environment_is_enough(tmp_path: Path) -> None:
    told = {"METAL_API_KEY": "t", "METAL_PROJECT_ID": PROJECT, "METAL_API_URL": URL, "METAL_METRO_NAME": "sv"}
    assert read(None, told, tmp_path).metro == "sv"


def test_the_authority_becomes_a_file(tmp_path: Path) -> None:
    found = of_file(tmp_path, {**GIVEN, "caCert": "pem"})
    assert isinstance(found.connection.verify, str)
    assert Path(found.connection.verify).read_text() == "pem"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({**GIVEN, "apiKey": ""}, "apiKey is not set"),
        ({**GIVEN, "projectID": "my project"}, "wanted is the id of a project"),
        ({**GIVEN, "base-url": "ftp://x"}, "wanted is the URL of the API"),
        ({**GIVEN, "apiServerPort": 99999}, "allowed are 1 to 65535"),
        ('{"apiKey": "secret-token" "projectID": "x"}', "is not JSON"),
        ("[]", "is not an object"),
    ],
)
def test_what_cannot_be_is_refused_without_the_token(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        of_file(tmp_path, content)
    assert "secret-token" not in str(refused.value)


def test_a_folder_with_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"neither cloud-sa[.]json nor the keys"):
        read(tmp_path, {}, tmp_path)


def test_the_token_is_not_in_the_representation(tmp_path: Path) -> None:
    assert "secret-token" not in repr(of_file(tmp_path, GIVEN))
