import subprocess
import sys


def test_a_mistake_of_ours_is_never_taken_for_a_finding() -> None:
    program = (
        "import sys, modelaudit.cli.run as run\n"
        "def broken(arguments): raise RuntimeError('oops')\n"
        "run.run = broken\n"
        "sys.argv = ['modelaudit', 'scan', 'x']\n"
        "from modelaudit.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "RuntimeError: oops" in done.stderr
    assert "Please report it" in done.stderr


def test_the_version_is_printed_before_anything_is_imported() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['modelaudit', '--version']\n"
        "from modelaudit.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    assert not {'click', 're', 'signal', 'modelaudit.reports'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
