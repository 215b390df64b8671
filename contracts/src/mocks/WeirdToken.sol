// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IVault} from "../interfaces/IVault.sol";

/// @title WeirdToken
/// @notice Hostile token: an ERC-20 with any mixture of what tokens are known to do otherwise, and to change later.
/// @dev Each behaviour is one bit. A token to which {become} is called is an upgradable one.
contract WeirdToken {
    uint256 internal constant NO_RETURN = 1 << 0; // returns nothing
    uint256 internal constant FALSE_ON_SUCCESS = 1 << 1; // moves the amount and says false
    uint256 internal constant FALSE_ON_FAILURE = 1 << 2; // says false instead of reverting
    uint256 internal constant FEE = 1 << 3; // one part in a hundred is burnt on the way
    uint256 internal constant BLOCKED = 1 << 4; // the blocked account neither pays nor gets
    uint256 internal constant PAUSED = 1 << 5; // nothing moves
    uint256 internal constant APPROVAL_RACE = 1 << 6; // an allowance changes from or to zero only
    uint256 internal constant NO_APPROVAL_TO_ZERO = 1 << 7; // nobody approves the zero address
    uint256 internal constant NO_ZERO_APPROVAL = 1 << 8; // no approval of nothing
    uint256 internal constant NO_ZERO_TRANSFER = 1 << 9; // no transfer of nothing
    uint256 internal constant NO_ZERO_RECIPIENT = 1 << 10; // no transfer to the zero address
    uint256 internal constant UINT96 = 1 << 11; // refuses amounts that do not fit 96 bits, but an endless approval
    uint256 internal constant MAX_IS_BALANCE = 1 << 12; // takes the largest number for all there is
    uint256 internal constant OWN_NEEDS_NO_ALLOWANCE = 1 << 13; // transferFrom of one's own needs no allowance
    uint256 internal constant DAI_PERMIT = 1 << 14; // a permit of its own kind
    uint256 internal constant NAME_IS_BYTES = 1 << 15; // its name is no string
    uint256 internal constant NAME_IS_CODE = 1 << 16; // its name attacks who shows it
    uint256 internal constant LYING = 1 << 17; // says that everybody holds the same
    uint256 internal constant BURNS_GAS = 1 << 18; // burns all gas that a transfer is given
    uint256 internal constant LONG_ANSWER = 1 << 19; // reverts with more data than anybody can pay for

    uint256 public behaviours;
    uint8 public immutable decimals;
    address public blocked;
    /// @notice A second address of the token: what it says for its callers is done.
    address public door;

    mapping(address account => uint256) internal _balances;
    mapping(address account => mapping(address spender => uint256)) public allowance;
    mapping(address account => uint256) public nonces;

    constructor(uint256 behaviours_, uint8 decimals_) {
        behaviours = behaviours_;
        decimals = decimals_;
    }

    // What the test does to it

    function mint(address account, uint256 amount) external {
        _balances[account] += amount;
    }

    function become(uint256 behaviours_) external {
        behaviours = behaviours_;
    }

    function setBlocked(address account) external {
        blocked = account;
    }

    function setDoor(address door_) external {
        door = door_;
    }

    /// @notice Changes a balance without a transfer, as rebases and airdrops do.
    function setBalance(address account, uint256 amount) external {
        _balances[account] = amount;
    }

    /// @notice Makes tokens out of nothing, deposits them, and wants them back before it ends.
    function flashDeposit(IVault vault, uint256 amount) external {
        _balances[address(this)] += amount;
        allowance[address(this)][address(vault)] = amount;
        vault.deposit(address(this), amount);
        vault.requestWithdrawal(address(this), amount);
        vault.withdraw(address(this), address(this));
        _balances[address(this)] -= amount;
    }

    // ERC-20

    function name() external view {
        if (_does(NAME_IS_BYTES)) _return(bytes32("Maker"));
        string memory text = _does(NAME_IS_CODE) ? "<script>alert('all your keys')</script>" : "Weird";
        bytes memory answer = abi.encode(text);
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }

    function balanceOf(address account) external view returns (uint256) {
        return _does(LYING) ? 1e30 : _balances[account];
    }

    function approve(address spender, uint256 amount) external {
        approveAs(msg.sender, spender, amount);
    }

    function transfer(address to, uint256 amount) external {
        transferAs(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        transferFromAs(msg.sender, from, to, amount);
    }

    // The same through the second address

    function approveAs(address account, address spender, uint256 amount) public {
        _checkDoor(account);
        require(spender != address(0) || !_does(NO_APPROVAL_TO_ZERO), "approval to zero");
        require(amount != 0 || !_does(NO_ZERO_APPROVAL), "zero approval");
        require(amount == 0 || allowance[account][spender] == 0 || !_does(APPROVAL_RACE), "approval race");
        require(amount == type(uint256).max || amount < 1 << 96 || !_does(UINT96), "uint96");
        allowance[account][spender] = amount;
        _answer(true);
    }

    function transferAs(address account, address to, uint256 amount) public {
        _checkDoor(account);
        _answer(_move(account, to, amount));
    }

    function transferFromAs(address account, address from, address to, uint256 amount) public {
        _checkDoor(account);
        if (_does(MAX_IS_BALANCE) && amount == type(uint256).max) amount = _balances[from];
        if (from != account || !_does(OWN_NEEDS_NO_ALLOWANCE)) {
            if (allowance[from][account] < amount) _answer(false);
            allowance[from][account] -= amount;
        }
        _answer(_move(from, to, amount));
    }

    // Permit as DAI has it: for everything or nothing, and with a selector of its own

    function permit(
        address holder,
        address spender,
        uint256 nonce,
        uint256 expiry,
        bool allowed,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        require(_does(DAI_PERMIT) && nonce == nonces[holder]++ && (expiry == 0 || block.timestamp <= expiry), "permit");
        bytes32 digest = keccak256(abi.encode(address(this), holder, spender, nonce, expiry, allowed));
        require(holder != address(0) && holder == ecrecover(digest, v, r, s), "permit");
        allowance[holder][spender] = allowed ? type(uint256).max : 0;
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (_does(BURNS_GAS)) {
            while (true) {}
        }
        if (_does(LONG_ANSWER)) {
            assembly ("memory-safe") {
                revert(0, 1000000)
            }
        }
        if (_does(MAX_IS_BALANCE) && amount == type(uint256).max) amount = _balances[from];
        bool refused = _does(PAUSED) || (_does(BLOCKED) && (from == blocked || to == blocked))
            || (_does(NO_ZERO_TRANSFER) && amount == 0) || (_does(NO_ZERO_RECIPIENT) && to == address(0))
            || (_does(UINT96) && amount >= 1 << 96) || _balances[from] < amount;
        if (refused) return false;
        _balances[from] -= amount;
        _balances[to] += _does(FEE) ? amount - amount / 100 : amount;
        return true;
    }

    /// @dev Ends the call as this token ends it.
    function _answer(bool done) private view {
        require(done || _does(FALSE_ON_FAILURE), "refused");
        if (_does(NO_RETURN)) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        _return(bytes32(uint256(done && !_does(FALSE_ON_SUCCESS) ? 1 : 0)));
    }

    function _return(bytes32 word) private pure {
        assembly ("memory-safe") {
            mstore(0, word)
            return(0, 0x20)
        }
    }

    function _checkDoor(address account) private view {
        require(msg.sender == account || msg.sender == door, "not yours");
    }

    function _does(uint256 behaviour) private view returns (bool) {
        return behaviours & behaviour != 0;
    }
}

/// @title TokenDoor
/// @notice A second address of a token, with the same balances.
contract TokenDoor {
    WeirdToken public immutable TOKEN;

    constructor(WeirdToken token) {
        TOKEN = token;
    }

    function balanceOf(address account) external view returns (uint256) {
        return TOKEN.balanceOf(account);
    }

    function allowance(address account, address spender) external view returns (uint256) {
        return TOKEN.allowance(account, spender);
    }

    function mint(address account, uint256 amount) external {
        TOKEN.mint(account, amount);
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        TOKEN.approveAs(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        TOKEN.transferAs(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        TOKEN.transferFromAs(msg.sender, from, to, amount);
        return true;
    }
}
