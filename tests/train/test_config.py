"""Configs survive JSON and refuse what they do not know."""

import dataclasses

import pytest

from marsjax.config import (
    Config,
    ModelConfig,
    TrainConfig,
    from_json,
    load_config,
    to_json,
)
from marsjax.errors import InputError


def test_json_gives_the_same_config_back():
    config = Config(
        ModelConfig(feature_scale=(0.1, 1 / 3), num_features=2, head="joint", d_ff=96),
        TrainConfig(ema_decay=0.99, patience=3, micro_batch=None),
    )
    assert from_json(to_json(config)) == config
    assert from_json("{}") == Config()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"model": {"width": 3}}', "unknown field config.model.width"),
        ('{"model": {"d_model": "big"}}', "config.model.d_model is 'big'"),
        ('{"train": {"mirror": 1}}', "config.train.mirror is 1"),
        ('{"model": {"head": "both"}}', "config.model.head is 'both'"),
        ('{"model": {"field_sizes": [3, 4]}}', "field_sizes"),
        ('{"model": {"d_model": 100}}', "heads of even width"),
        ('{"train": {"micro_batch": 0}}', "micro_batch must be positive"),
        ('{"train": {"seed": -1}}', "seed -1 is outside"),
        ('{"train": {"seed": 4294967296}}', "seed 4294967296 is outside"),
        ("{", "not JSON"),
    ],
)
def test_a_bad_config_is_one_line_that_says_what(text, says):
    with pytest.raises(InputError, match=says) as caught:
        from_json(text, file="run/config.json")
    assert "\n" not in str(caught.value)


def test_default_widths():
    assert ModelConfig(d_model=128).ff_dim == 352
    assert ModelConfig(d_model=96).ff_dim == 256
    assert dataclasses.replace(ModelConfig(), num_kv_heads=1).kv_heads == 1


def test_config_files_hold_a_config_or_a_function(tmp_path):
    for name, body in (("constant", "config = Config()"), ("call", "config = Config")):
        path = tmp_path / f"{name}.py"
        path.write_text(f"from marsjax.config import Config\n{body}\n")
        assert load_config(path) == Config()
    path.write_text("config = 3\n")
    with pytest.raises(InputError, match="holds no Config"):
        load_config(path)
    with pytest.raises(InputError, match="no such config file"):
        load_config(tmp_path / "none.py")


def test_a_file_of_several_configs(tmp_path):
    path = tmp_path / "several.py"
    path.write_text(
        "from marsjax.config import Config, TrainConfig\n"
        "configs = {'a': Config(), 'b': Config(train=TrainConfig(seed=3))}\n"
    )
    assert load_config(f"{path}:a") == Config()
    for name in (path, f"{path}:", f"{path}:d"):
        with pytest.raises(InputError, match=r"several.py:NAME with one of a, b"):
            load_config(name)
    path.write_text("from marsjax.config import Config\nconfig = Config()\n")
    assert load_config(path) == Config()
    with pytest.raises(InputError, match="holds no dict of configs"):
        load_config(f"{path}:a")
    path.write_text("def configs():\n    return {1: 2 / 0}\n")
    with pytest.raises(InputError, match=r"several.py:2: ZeroDivisionError"):
        load_config(f"{path}:a")


def test_inputs_survive_json():
    config = Config(ModelConfig(inputs=("type", "book")))
    assert from_json(to_json(config)) == config
    with pytest.raises(InputError, match=r"config.model.inputs is 3"):
        from_json('{"model": {"inputs": [3]}}')


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("x = 1\nconfig = Config(\n", 2, "SyntaxError"),
        ("x = 1\nconfig = 1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("def config():\n    x = 1\n    return y\n", 3, "NameError"),
        ("import no_such_module\n", 1, "ModuleNotFoundError"),
        (
            "from marsjax.config import TrainConfig\nTrainConfig(steps=0)\n",
            2,
            "config: steps must be positive",
        ),
    ],
)
def test_a_config_file_that_fails_names_its_line(tmp_path, body, line, says):
    path = tmp_path / "mine.py"
    path.write_text(body)
    with pytest.raises(InputError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}:{line}: {says}")
    assert "\n" not in str(caught.value)
